// Processes that tests start, and that end with them.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

// What is still there when this process ends, however it ends, goes with it. A
// database is not killed: the end of its input tells it to clean up.
const children = new Set()
const directories = new Set()
process.on('exit', () => {
  for (const child of children) child.kill('SIGTERM')
  for (const dir of directories) rmSync(dir, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

// temporary returns a new directory.
export function temporary() {
  const dir = mkdtempSync(join(tmpdir(), 'foyer-e2e-'))
  directories.add(dir)
  return dir
}

// Test files are processes, and each begins elsewhere.
let asked = process.pid * 97

// freePort returns a port that nothing listens on. It is below those that systems
// give to whoever asks for any, so that none takes it before the server starts.
export async function freePort() {
  for (;;) {
    const port = 20000 + (asked++ % 12000)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (err) {
      if (err.code === 'EADDRINUSE') continue
      throw err
    }
    server.close()
    await once(server, 'close')
    return port
  }
}

// start runs a program until it says something that `ready` accepts, and returns
// {child, line, said}. It fails with what the program said when it ends before.
export async function start(command, args, options, ready) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options })
  children.add(child)
  child.once('close', () => children.delete(child))
  const said = []
  createInterface(child.stderr).on('line', (line) => said.push(line))
  const lines = createInterface(child.stdout)
  const line = await new Promise((resolve, reject) => {
    lines.on('line', (text) => {
      said.push(text)
      if (ready(text)) resolve(text)
    })
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`${command} ended with ${code}:\n${said.join('\n')}`)))
  })
  return { child, line, said }
}

// end asks a child to stop, or kills it, and waits until it has gone.
export async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'close')
  if (signal) child.kill(signal)
  else child.stdin.end()
  await gone
}
