// foyer serve --demo: the two applications, and what they say of a sign-out.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { launch, open } from './lib/browser.mjs'
import { startFoyer } from './lib/foyer.mjs'

describe('the demo', () => {
  let foyer, browser
  before(async () => {
    foyer = await startFoyer({ tenant: 'default' }, 'sqlite', true)
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await foyer?.stop()
  })

  async function signIn(page) {
    await page.goto(`${foyer.demo}/`)
    const [who, password] = await page.locator('.account code').allTextContents()
    await page.locator('#demo-sign-in').click()
    await page.locator('#login-identifier').fill(who)
    await page.locator('#login-password').fill(password)
    await page.locator('#login-submit').click()
    await page.locator('#demo-signed-in').waitFor()
  }

  // told reads the page of an application until Foyer's logout token is on it.
  async function told(page, path) {
    const until = Date.now() + 10_000
    do await page.goto(foyer.demo + path)
    while (!(await page.locator('#h-ended').count()) && Date.now() < until)
    const cells = await page.locator('.claims tbody tr').evaluateAll((rows) => rows.map((row) => [row.cells[0].textContent, row.cells[1].textContent]))
    return Object.fromEntries(cells)
  }

  test('signing out at Foyer signs out of both applications', async (t) => {
    const page = await open(t, browser)
    await signIn(page)
    const sid = await page.locator('tr:has(code:text-is("sid")) td').first().textContent()
    await page.goto(`${foyer.demo}/reports/`)
    await page.locator('#reports-sign-in').click()
    await page.locator('#reports-signed-in').waitFor()

    await page.goto(`${foyer.issuer}/`)
    await page.locator('#sign-out').click()
    await page.locator('form button').first().click()
    for (const [path, aud] of [['/', 'demo'], ['/reports/', 'demo-reports']]) {
      const claims = await told(page, path)
      assert.deepEqual([claims.aud, claims.sid, claims.iss], [aud, sid, foyer.issuer])
    }
    await page.goto(`${foyer.demo}/journey`)
    const hops = await page.locator('h2').allTextContents()
    assert.deepEqual(hops.sort(), ['Foyer tells the demo', 'Foyer tells the reports', 'Signed out here too', 'Signed out here too'])
  })

  test('everywhere reaches a browser that did nothing', async (t) => {
    const phone = await open(t, browser)
    const desk = await open(t, browser)
    await signIn(phone)
    await signIn(desk)
    await desk.locator('#demo-everywhere').click()
    await desk.locator('#demo-goodbye').waitFor()
    assert.equal((await told(phone, '/')).aud, 'demo')
  })
})
