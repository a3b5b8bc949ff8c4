// The applications under test: one server on 127.0.0.1, another site than
// Foyer's localhost. Each client has /{client}/ as home and /{client}/callback;
// what arrived at a callback is on its page as text.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const vendored = {
  '/oidc-client-ts.js': fileURLToPath(new URL('../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', import.meta.url)),
}

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)

async function body(request) {
  const parts = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts).toString()
}

// startApps returns {port, origin, arrivals, serve, stop}. serve puts a page at a
// path: HTML, or a function of the response and what was sent, urlencoded.
export async function startApps() {
  const arrivals = []
  const pages = new Map()
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1')
    const form = request.method === 'POST' ? new URLSearchParams(await body(request)) : undefined
    const html = (text) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(`<!doctype html><title>app</title>${text}`)
    const page = pages.get(url.pathname)
    if (typeof page === 'function') return page(response, (form ?? url.searchParams).toString())
    if (page !== undefined) return html(page)
    if (vendored[url.pathname]) return response.writeHead(200, { 'content-type': 'text/javascript' }).end(await readFile(vendored[url.pathname]))
    if (url.pathname.endsWith('/callback')) {
      arrivals.push({ client: url.pathname.split('/')[1], method: request.method, params: Object.fromEntries(form ?? url.searchParams), request })
    }
    html(`<h1>${escape(url.pathname)}</h1><pre id="got">${escape(JSON.stringify(Object.fromEntries(form ?? url.searchParams)))}</pre>`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    arrivals,
    serve: (path, page) => pages.set(path, page),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
