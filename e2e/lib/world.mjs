// What most tests need: applications, Foyer and a browser, for one suite.
import { after, before } from 'node:test'
import { startApps } from './apps.mjs'
import { launch } from './browser.mjs'
import { startFoyer } from './foyer.mjs'
import { tenantFor } from './tenant.mjs'

// world starts them before the suite's tests and stops them after. The answer's
// members are set when the first test runs.
export function world(database = 'sqlite') {
  const w = {}
  before(async () => {
    w.apps = await startApps()
    w.foyer = await startFoyer(tenantFor(w.apps.origin), database)
    w.browser = await launch()
  })
  after(async () => {
    await w.browser?.close()
    await w.foyer?.stop()
    await w.apps?.stop()
  })
  return w
}
