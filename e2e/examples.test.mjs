// The programs of examples/, as docs/clients shows them, against the tenant
// file beside them: each signs in, reads userinfo, refreshes, signs out and comes
// back with its state; then the person signs out at Foyer, and it is told.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { at, launch, open, signIn } from './lib/browser.mjs'
import { startFoyer } from './lib/foyer.mjs'
import { end, freePort, start } from './lib/process.mjs'
import { people } from './lib/tenant.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const run = promisify(execFile)

describe('examples', () => {
  let foyer, browser, port, dir, idToken
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foyer-examples-'))
    port = await freePort()
    const tenant = (await readFile(join(root, 'examples/tenant.yaml'), 'utf8')).replaceAll('127.0.0.1:3000', `127.0.0.1:${port}`)
    foyer = await startFoyer(tenant)
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await foyer?.stop()
    await rm(dir, { recursive: true })
  })

  // program starts one of them, built or run, with the tests' own packages.
  async function program(t, command, args) {
    const { child } = await start(command, args, { env: { ...process.env, ISSUER: foyer.issuer, PORT: String(port) } }, (line) => line.startsWith('open '))
    t.after(() => end(child, 'SIGTERM'))
  }

  async function node(t, file) {
    const copy = await mkdtemp(join(dir, 'node-'))
    await run('cp', ['-r', join(root, 'examples') + '/.', copy])
    await rm(join(copy, 'node_modules'), { recursive: true, force: true })
    await symlink(join(root, 'e2e/node_modules'), join(copy, 'node_modules'))
    await program(t, process.execPath, [join(copy, file)])
  }

  async function python(t, file) {
    await program(t, join(root, 'e2e/.venv/bin/python'), [join(root, 'examples', file)])
  }

  async function apache(t) {
    const copy = await mkdtemp(join(dir, 'apache-'))
    await run('cp', ['-r', join(root, 'examples/mod_auth_openidc') + '/.', copy])
    await run('chmod', ['755', dir, copy]) // Apache's processes may be another user's
    await program(t, join(copy, 'serve'), [])
  }

  async function go(t, folder) {
    const out = join(dir, folder)
    await run('go', ['build', '-o', out, '.'], { cwd: join(root, 'examples', folder), env: { ...process.env, CGO_ENABLED: '0' } })
    await program(t, out, [])
  }

  // journey is what a person does with each application that runs on a server.
  async function journey(t, { refreshes = true, told = true, choose = async () => {} } = {}) {
    const page = await open(t, browser)
    const home = `http://127.0.0.1:${port}/`
    const who = async () => JSON.parse(await page.locator('#who').textContent())
    const enter = async () => {
      await page.goto(home)
      const link = page.getByRole('link', { name: 'Sign in' })
      if (page.url() === home && await link.count()) await link.click() // some go there by themselves
      await choose(page)
      await signIn(page, people.ada)
      await page.waitForURL(home)
    }
    await enter()
    const { sub, email } = await who()
    assert.equal(email, 'ada@example.com')
    if (refreshes) {
      await page.click('#refresh')
      await page.waitForURL(home)
      assert.equal((await who()).sub, sub)
    }
    await page.click('#logout')
    await page.locator('#bye').waitFor()
    assert.deepEqual(at(page), [home, { state: 'from-orders', logout: 'success' }])
    await page.goto(home)
    assert.equal(await page.locator('#who').count(), 0, 'signed out')

    await enter() // Foyer asks again
    if (told) await refusesOthers(page, home)
    await signOutAtFoyer(page)
    await gone(page, home)
  }

  // refusesOthers posts what is no logout token to an application; the person stays
  // signed in. An ID token has the right key, issuer and audience.
  async function refusesOthers(page, home) {
    idToken ??= await anIdToken(page)
    for (const form of [{}, { logout_token: 'x.y.z' }, { logout_token: idToken }]) {
      const answer = await page.request.post(home + 'backchannel-logout', { form })
      assert.equal(answer.status(), 400, JSON.stringify(form))
    }
    await page.goto(home)
    assert.equal(await page.locator('#who').count(), 1, 'still signed in')
  }

  // anIdToken gets one for the client "web" without its application and without a
  // nonce, in a browser that is signed in.
  async function anIdToken(page) {
    const redirect_uri = `http://127.0.0.1:${port}/callback`
    const other = await page.context().newPage()
    await other.route((url) => url.href.startsWith(redirect_uri), (route) => route.fulfill({ body: 'caught' }))
    await other.goto(`${foyer.issuer}/authorize?${new URLSearchParams({ client_id: 'web', response_type: 'code', scope: 'openid', redirect_uri })}`)
    const code = new URL(other.url()).searchParams.get('code')
    await other.close()
    const answer = await fetch(`${foyer.issuer}/token`, {
      method: 'POST',
      headers: { authorization: 'Basic ' + btoa('web:change-me-before-going-public') },
      body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri }),
    })
    const { id_token } = await answer.json()
    assert.ok(id_token)
    return id_token
  }

  // signOutAtFoyer ends the session at Foyer without telling the application.
  async function signOutAtFoyer(page) {
    const other = await page.context().newPage()
    await other.goto(`${foyer.issuer}/endsession`)
    await other.locator('#logout-confirm').click()
    await other.locator('#signed-out').waitFor()
    await other.close()
  }

  // gone waits until the application asks to sign in, or sends people to do so.
  async function gone(page, home) {
    const until = Date.now() + 10_000
    const asked = async () => page.url().startsWith(foyer.issuer) || await page.getByRole('link', { name: 'Sign in' }).count()
    for (await page.goto(home); !await asked(); await page.goto(home)) {
      assert.ok(Date.now() < until, 'the application still knows the person')
    }
  }

  test('openid-client', async (t) => {
    await node(t, 'openid-client/app.mjs')
    await journey(t)
  })
  test('oauth4webapi', async (t) => {
    await node(t, 'oauth4webapi/app.mjs')
    await journey(t, { told: false })
  })
  test('express-openid-connect', async (t) => {
    await node(t, 'express-openid-connect/app.mjs')
    const home = `http://127.0.0.1:${port}/`
    const other = await open(t, browser)
    await other.goto(home + 'login')
    await signIn(other, people.ada)
    await other.waitForURL(home)
    await journey(t)
    await other.reload()
    assert.equal(await other.locator('#who').count(), 1, 'another browser of hers stays signed in')
  })
  test('Auth.js', async (t) => {
    await node(t, 'authjs/app.mjs')
    await journey(t, { refreshes: false, choose: (page) => page.getByRole('button', { name: 'Sign in with Foyer' }).click() })
  })
  test('Authlib', async (t) => {
    await python(t, 'authlib/app.py')
    await journey(t)
  })
  test('mod_auth_openidc', async (t) => {
    await apache(t)
    const page = await open(t, browser)
    const home = `http://127.0.0.1:${port}/`
    const enter = async () => {
      await page.goto(home)
      await signIn(page, people.ada)
      await page.waitForURL(home)
      assert.equal(JSON.parse(await page.locator('#who').textContent()).email, 'ada@example.com')
    }
    await enter()
    await page.click('#logout')
    await page.locator('#bye').waitFor()
    assert.deepEqual(at(page), [home + 'bye.html', { logout: 'success' }]) // this version sends no state
    await enter() // Foyer asks again
    await signOutAtFoyer(page)
    await gone(page, home)
  })
  test('go-oidc', async (t) => {
    await go(t, 'go-oidc')
    await journey(t)
  })
  test('rp', async (t) => {
    await go(t, 'rp')
    await journey(t)
  })
  test('oidc-client-ts', async (t) => {
    await node(t, 'oidc-client-ts/serve.mjs')
    const page = await open(t, browser)
    const home = `http://127.0.0.1:${port}/`
    const told = (text) => page.waitForFunction((text) => document.querySelector('#who')?.textContent.includes(text), text)
    await page.goto(home)
    await told('nobody')
    await page.click('#login')
    await signIn(page, people.ada)
    await told('ada@example.com')
    assert.equal(page.url(), home)
    const before = await page.evaluate(() => JSON.stringify(sessionStorage))
    await page.click('#refresh')
    await page.waitForFunction((before) => JSON.stringify(sessionStorage) !== before, before)
    await told('ada@example.com')
    await page.click('#logout')
    await page.locator('#bye').waitFor()
    assert.equal(new URL(page.url()).searchParams.get('logout'), 'success')
    await told('nobody')
  })
  test('every one of them accepted what it was told', async () => {
    const until = Date.now() + 10_000
    const metrics = async () => (await (await fetch(`${foyer.issuer}/metrics`)).text()).split('\n')
    while ((await metrics()).some((line) => /^foyer_outbox_pending.* [1-9]/.test(line))) assert.ok(Date.now() < until, 'still pending')
    const outcomes = (await metrics()).filter((line) => /^foyer_outbox_attempts_total.*(delivered|refused|dead)/.test(line))
    // Seven have an address, and each was told of its own sign-out and of Foyer's.
    assert.deepEqual(outcomes, ['foyer_outbox_attempts_total{kind="logout",outcome="delivered"} 14'])
  })
})
