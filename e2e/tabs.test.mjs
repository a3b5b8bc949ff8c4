// A login page that cannot expire (spec: "The request never expires").
import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { authorize, back, fill, open, signIn } from './lib/browser.mjs'
import { people } from './lib/tenant.mjs'
import { world } from './lib/world.mjs'

// shuffled is an order that is neither that of opening nor its reverse.
const shuffled = (list) => list.map((item, i) => [(i * 7919) % 101, item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item)

for (const database of ['sqlite', 'postgres']) {
  describe(`tabs on ${database}`, () => {
    const w = world(database)

    for (const n of database === 'sqlite' ? [2, 10, 50] : [10]) {
      test(`${n} tabs of two clients end at their own application with their own state`, async (t) => {
        const first = await open(t, w.browser)
        const tabs = await Promise.all(Array.from({ length: n }, async (_, i) => {
          const page = i === 0 ? first : await first.context().newPage()
          const client = i % 2 ? 'shop' : 'web'
          const state = `${client} ${i} ünï&=+%20`
          await page.goto(authorize(w.foyer, w.apps, client, { state, nonce: `n${i}` }))
          return { page, client, state }
        }))
        const finish = async ({ page, client, state }, asked) => {
          // The others go on by a reload, without asking; some are filled in all the same.
          if (asked) await signIn(page, people.ada)
          else await page.reload()
          const got = await back(page, w.apps, client)
          assert.deepEqual([got.state, got.iss, got.error], [state, w.foyer.issuer, undefined])
          assert.ok(got.code)
        }
        const [one, ...others] = shuffled(tabs)
        await finish(one, true)
        for (let i = 0; i < others.length; i += 7) await Promise.all(others.slice(i, i + 7).map((tab, j) => finish(tab, j === 3)))
        const cookies = (await first.context().cookies(w.foyer.issuer)).map((cookie) => cookie.name)
        assert.ok(cookies.length <= 3, `cookies do not grow with tabs: ${cookies}`)
      })
    }

    test('a login page survives the end of the server and signs in', async (t) => {
      const page = await open(t, w.browser)
      await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'before the end' }))
      await fill(page, people.ada)
      await w.foyer.restart()
      await page.locator('#login-submit').click()
      const got = await back(page, w.apps, 'web')
      assert.equal(got.state, 'before the end')

      await w.foyer.restart() // the session survives too
      await page.goto(authorize(w.foyer, w.apps, 'shop', { state: 'after it' }))
      assert.equal((await back(page, w.apps, 'shop')).state, 'after it')
    })
  })
}

describe('no dead end', () => {
  const w = world()

  test('the back button after signing in', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'a' }))
    await signIn(page, people.ada)
    const first = await back(page, w.apps, 'web')
    await page.goBack()
    if (page.url().startsWith(w.foyer.issuer)) await signIn(page, people.ada) // the form again, from the browser's memory
    const second = await back(page, w.apps, 'web')
    assert.equal(second.state, 'a')
    assert.notEqual(second.code, first.code)
  })

  test('reload of the login page and of a refused one', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'b' }))
    await page.reload()
    await signIn(page, { ...people.ada, password: 'wrong' })
    await page.locator('#notice').waitFor()
    await page.reload() // posts again
    await page.locator('#notice').waitFor()
    await signIn(page, people.ada)
    assert.equal((await back(page, w.apps, 'web')).state, 'b')
  })

  test('submitting twice', async (t) => {
    for (const javaScriptEnabled of [true, false]) {
      const page = await open(t, w.browser, { javaScriptEnabled })
      await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'c' }))
      await fill(page, people.ada)
      await page.locator('#login-submit').dblclick({ noWaitAfter: true })
      const got = await back(page, w.apps, 'web')
      assert.deepEqual([got.state, got.error], ['c', undefined])
    }
  })

  test('a bookmarked login page, answered before and three days old or not', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'd' }))
    const bookmark = page.url()
    await signIn(page, people.ada)
    const first = await back(page, w.apps, 'web')
    await page.goto(bookmark) // signed in: straight on
    const second = await back(page, w.apps, 'web')
    assert.deepEqual([second.state, second.code === first.code], ['d', false])
    const stranger = await open(t, w.browser) // another browser: nobody's sign-in travels along
    await stranger.goto(bookmark)
    await signIn(stranger, people.bob)
    assert.equal((await back(stranger, w.apps, 'web')).state, 'd')
  })

  test('a bookmark without a request, and one that cannot be read', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(`${w.foyer.issuer}/login`)
    await signIn(page, people.ada)
    await page.locator('#sign-out').waitFor()
    await page.goto(`${w.foyer.issuer}/login?r=AAAA`)
    await page.locator('a.button').click()
    assert.equal(page.url(), `${w.foyer.issuer}/`)
  })

  test('cancel gives the application access_denied', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'e' }))
    await page.locator('#cancel').click()
    const got = await back(page, w.apps, 'web')
    assert.deepEqual([got.error, got.state, got.code], ['access_denied', 'e', undefined])
  })

  test('tabs of one browser after another account signed in', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'ada' }))
    const other = await page.context().newPage()
    await other.goto(authorize(w.foyer, w.apps, 'shop', { state: 'bob' }))
    await signIn(page, people.ada)
    await back(page, w.apps, 'web')
    await signIn(other, people.bob)
    assert.equal((await back(other, w.apps, 'shop')).state, 'bob')
    await page.goto(`${w.foyer.issuer}/`)
    await page.getByText('bob@example.com').waitFor()
  })
})
