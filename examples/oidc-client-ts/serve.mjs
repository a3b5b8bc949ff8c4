// Serves index.html and the library; any static web server would do.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'

const port = process.env.PORT ?? 3000
const library = new URL('./browser/oidc-client-ts.min.js', import.meta.resolve('oidc-client-ts').replace(/\/dist\/.*/, '/dist/'))

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://127.0.0.1')
  if (pathname === '/issuer') return response.end(process.env.ISSUER ?? 'http://localhost:8080')
  if (pathname === '/oidc-client-ts.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end(await readFile(library))
  if (pathname !== '/' && pathname !== '/callback') return response.writeHead(404).end()
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(await readFile(new URL('index.html', import.meta.url)))
}).listen(port, '127.0.0.1', () => console.log(`open http://127.0.0.1:${port}/`))
