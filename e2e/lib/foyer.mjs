// The real program, with a database of its own.
import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { end, freePort, start, temporary } from './process.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

// binary is FOYER_BINARY, or a build into dir.
async function binary(dir) {
  if (process.env.FOYER_BINARY) return process.env.FOYER_BINARY
  const out = join(dir, 'foyer')
  await promisify(execFile)('go', ['build', '-o', out, './cmd/foyer'], { cwd: root, env: { ...process.env, CGO_ENABLED: '0' } })
  return out
}

async function postgres() {
  const script = fileURLToPath(new URL('postgres.sh', import.meta.url))
  const { child, line } = await start(script, [String(await freePort())], {}, (text) => text.startsWith('postgres'))
  return { dsn: line, stop: () => end(child) }
}

// startFoyer runs `foyer serve` with a tenant document, or the text of a tenant
// file, on a database, "sqlite" or "postgres". The answer has issuer, restart
// (killed, not stopped), log and stop, which takes everything away; with demo, it
// has the address of the demo application too.
export async function startFoyer(tenant, database = 'sqlite', demo = false) {
  const dir = temporary()
  const db = database === 'postgres' ? await postgres() : { dsn: 'sqlite:' + join(dir, 'foyer.db'), stop() {} }
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const apply = join(dir, 'tenant.yaml')
  await writeFile(apply, typeof tenant === 'string' ? tenant : JSON.stringify(tenant)) // JSON is YAML
  const program = await binary(dir)
  const env = {
    PATH: process.env.PATH,
    FOYER_LISTEN: `127.0.0.1:${port}`,
    FOYER_PUBLIC_URL: issuer,
    FOYER_DATABASE: db.dsn,
    FOYER_MASTER_KEY_FILE: join(dir, 'master.key'),
    FOYER_APPLY: apply,
    FOYER_EGRESS_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8', // applications under test are told that a session ended
    FOYER_LOG_FORMAT: 'text',
  }
  if (demo) delete env.FOYER_EGRESS_ALLOW_PRIVATE_NETWORKS // it allows itself what it needs
  const log = []
  let child
  const serve = async () => {
    const run = await start(program, demo ? ['serve', '--demo'] : ['serve'], { cwd: dir, env }, (text) => text.includes(demo ? 'demo application is at' : 'answers at'))
    child = run.child
    log.push(run.said)
    const ready = await fetch(issuer + '/readyz')
    if (!ready.ok) throw new Error(`readyz says ${ready.status}: ${await ready.text()}`)
  }
  await serve()
  return {
    issuer,
    demo: demo && log.flat().join('\n').match(/demo application is at (\S+)/)[1],
    log: () => log.flat(),
    async restart() {
      await end(child, 'SIGKILL')
      await serve()
    },
    async stop() {
      await end(child, 'SIGTERM')
      await db.stop()
      await rm(dir, { recursive: true })
    },
  }
}
