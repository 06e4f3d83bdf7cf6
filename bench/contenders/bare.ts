/** Contender (a): node:http that answers `{}` to every request and reads nothing. The ceiling of Node. */
import { serve } from './serve.ts'

serve((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 }).end('{}')
  })
})
