// A person signs out everywhere from the list of their devices: three
// applications in this browser and one in another are told, each by its own
// back-channel, and the administrator sees that nobody is signed in any more.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import * as openid from 'openid-client'
import { startApps } from './lib/apps.mjs'
import { launch, open, signIn } from './lib/browser.mjs'
import { startFoyer } from './lib/foyer.mjs'
import { party, startParty } from './lib/party.mjs'
import { people, secret, tenantFor } from './lib/tenant.mjs'

const here = ['orders', 'tickets', 'billing']
const there = 'library'

for (const database of ['sqlite', 'postgres']) {
  describe(`everywhere, on ${database}`, () => {
    let foyer, apps, browser
    const parties = {}
    before(async () => {
      apps = await startApps() // at 127.0.0.1; Foyer is at localhost, another site
      const tenant = tenantFor(apps.origin)
      tenant.clients.push(...[...here, there].map((client) => party(apps.origin, client)), {
        client_id: 'operator', client_secret: secret, grant_types: ['client_credentials'], scope: 'admin.sessions:read admin.logout-deliveries:read',
      })
      foyer = await startFoyer(tenant, database)
      for (const client of [...here, there]) parties[client] = await startParty(foyer, apps, client)
      browser = await launch()
    })
    after(async () => {
      await browser?.close()
      await foyer?.stop()
      await apps?.stop()
    })

    // operator asks the administrative API what a program with its token is told.
    async function operator() {
      const config = await openid.discovery(new URL(foyer.issuer), 'operator', secret, openid.ClientSecretBasic(secret), { execute: [openid.allowInsecureRequests] })
      const { access_token } = await openid.clientCredentialsGrant(config, { scope: 'admin.sessions:read admin.logout-deliveries:read' })
      return async (path) => {
        const response = await fetch(`${foyer.issuer}/admin/v1${path}`, { headers: { authorization: `Bearer ${access_token}` } })
        assert.equal(response.status, 200, path)
        return response.json()
      }
    }

    // enter signs in to an application, at Foyer when it asks, and returns its page.
    async function enter(page, client, person) {
      await page.goto(parties[client].home)
      await page.locator('#login').click()
      if (person) await signIn(page, person)
      await page.waitForURL(parties[client].home)
      assert.equal(await page.locator('#who').textContent(), people.ada.email)
    }

    test('four applications, two browsers, one click', async (t) => {
      const laptop = await open(t, browser)
      const phone = await open(t, browser)
      for (const [i, client] of here.entries()) await enter(laptop, client, i === 0 && people.ada)
      const heard = phone.waitForResponse((response) => response.url().endsWith('/events'))
      await enter(phone, there, people.ada)
      await heard
      let loads = 0
      phone.on('framenavigated', () => loads++)

      const ask = await operator()
      const live = (await ask(`/sessions?account=${encodeURIComponent(people.ada.email)}`)).items
      assert.equal(live.length, 2)
      const [{ sub }] = live

      await laptop.goto(`${foyer.issuer}/personal-details/devices`)
      assert.equal(await laptop.locator('.devices li').count(), 2)
      assert.match(await laptop.locator('#this-device').innerText(), /Used with Northwind orders, Northwind tickets, Northwind billing/)
      await laptop.locator('#devices-end-everywhere').click()
      await laptop.locator('#signed-out').waitFor()

      await phone.locator('#over').waitFor() // told by its own server, which Foyer told
      assert.equal(loads, 0, 'the page of the other browser was not loaded again')
      await phone.reload()
      await phone.locator('#login').waitFor()

      const settled = async () => (await ask('/logout-deliveries')).items.filter((d) => d.state !== 'pending')
      let deliveries
      for (const until = Date.now() + 10_000; (deliveries = await settled()).length < 4;) assert.ok(Date.now() < until, 'not all are told')
      assert.deepEqual(deliveries.map((d) => [d.client_id, d.state, d.reason, d.sub]).sort(),
        ['billing', 'library', 'orders', 'tickets'].map((client) => [client, 'delivered', 'profile', sub]))
      for (const client of here) {
        await laptop.goto(parties[client].home)
        await laptop.locator('#login').waitFor()
      }
      for (const client of [...here, there]) assert.equal(parties[client].ended.length, 1, `${client} was told once`)

      // Is this person signed out everywhere?
      assert.deepEqual((await ask(`/accounts/${sub}/sessions`)).items, [])
      const ended = (await ask(`/accounts/${sub}/sessions?include=ended`)).items
      assert.deepEqual(ended.map((s) => [s.alive, s.end_reason]), [[false, 'profile'], [false, 'profile']])
      for (const { sid, end_reason } of live.map(({ sid }) => ended.find((s) => s.sid === sid))) {
        const session = await ask(`/sessions/${sid}`)
        assert.deepEqual([session.alive, session.end_reason], [false, end_reason])
        assert.deepEqual(session.deliveries.map((d) => [d.client_id, d.sid]).sort(), session.participants.map((p) => [p.client_id, sid]).sort())
      }
      for (const page of [laptop, phone]) { // and Foyer asks who they are
        await page.goto(parties[there].home)
        await page.locator('#login').click()
        await page.locator('#login-identifier').waitFor()
      }
    })
  })
}
