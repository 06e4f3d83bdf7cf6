export { freePort } from '../../local/launch/free-port.ts'
