// Chromium, and what a person does with it.
import { chromium } from 'playwright-core'
import { createHash } from 'node:crypto'

// launch starts the browser; third.test is a third site on this machine.
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP third.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'],
  })

// open returns a page in a profile of its own that closes with the test. A
// refusal by a Content-Security-Policy or an error of a script fails the test.
export async function open(t, browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options })
  t.after(() => context.close())
  const complaints = []
  context.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  t.after(() => {
    if (complaints.length && !options.tolerant) throw new Error(complaints.join('\n'))
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  return page
}

export const verifier = 'the-verifier-of-these-tests-is-always-the-same'
export const challenge = createHash('sha256').update(verifier).digest('base64url')

// authorize is an authorization request of a client.
export function authorize(foyer, apps, client, params = {}) {
  const query = new URLSearchParams({
    client_id: client, response_type: 'code', scope: 'openid profile email', redirect_uri: `${apps.origin}/${client}/callback`,
    code_challenge: challenge, code_challenge_method: 'S256', state: 'state of ' + client, ...params,
  })
  return `${foyer.issuer}/authorize?${query}`
}

// fill types a person's pair into the login page.
export async function fill(page, person) {
  await page.locator('#login-identifier').fill(person.email)
  await page.locator('#login-password').fill(person.password)
}

// signIn submits the login page that is open.
export async function signIn(page, person) {
  await fill(page, person)
  await page.locator('#login-submit').click()
}

// back waits until the page is at a client's callback and returns the parameters.
export async function back(page, apps, client) {
  await page.waitForURL((url) => url.href.startsWith(`${apps.origin}/${client}/callback`))
  return JSON.parse(await page.locator('#got').textContent())
}

// at takes a page's address apart: [without the query, the query].
export function at(page) {
  const url = new URL(page.url())
  return [url.origin + url.pathname, Object.fromEntries(url.searchParams)]
}
