import axe from 'axe-core'

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

// violations asks axe about the page as it is, and returns its findings in words.
export async function violations(page) {
  // The protocol's evaluate is not subject to the page's Content-Security-Policy.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source)
  const found = await page.evaluate(async (values) => (await globalThis.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] })).violations, tags)
  return found.map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => `    ${n.target.join(' ')}: ${n.failureSummary}`).join('\n')}`)
}
