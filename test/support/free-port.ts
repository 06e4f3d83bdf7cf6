export { freePort } from '../../local/parts/free-port.ts'
