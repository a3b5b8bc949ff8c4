// The quick start of docs/admin-api.md, as it stands there, against the real
// program and a person who is signed in in a real browser.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { startApps } from './lib/apps.mjs'
import { authorize, back, launch, open, signIn } from './lib/browser.mjs'
import { startFoyer } from './lib/foyer.mjs'
import { people, secret, tenantFor } from './lib/tenant.mjs'

describe('the administrative API', () => {
  let apps, foyer, browser
  before(async () => {
    apps = await startApps()
    const tenant = tenantFor(apps.origin)
    const scope = 'admin.sessions:read admin.sessions:write admin.logout-deliveries:read'
    tenant.clients.push({ client_id: 'ops', client_secret: secret, grant_types: ['client_credentials'], scope })
    foyer = await startFoyer(tenant)
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await foyer?.stop()
    await apps?.stop()
  })

  test('the quick start signs a person out everywhere', async (t) => {
    const page = await open(t, browser)
    await page.goto(authorize(foyer, apps, 'web'))
    await signIn(page, people.ada)
    await back(page, apps, 'web')

    const document = await readFile(new URL('../docs/admin-api.md', import.meta.url), 'utf8')
    const [, lines] = document.match(/```sh\n([^]*?)```/)
    const script = 'set -euo pipefail\n' + lines.replace('https://id.example.com', foyer.issuer)
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env: { PATH: process.env.PATH, SECRET: secret } })
    const [before, ended, pending, ...more] = stdout.trim().split('\n').map((line) => JSON.parse(line))
    assert.equal(before[1], 'Chrome on Linux')
    assert.deepEqual(ended, [before[0], false, 'admin'])
    assert.deepEqual([pending, more], [[], []])

    await page.goto(authorize(foyer, apps, 'web', { prompt: 'none' }))
    assert.equal((await back(page, apps, 'web')).error, 'login_required')
  })
})
