import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The one without a window of its own comes first: pages open in half the time. */
const names = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
]
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** `TIDEMARK_CHROMIUM`, else one on the path; undefined where there is none. */
export function findChromium(environment: NodeJS.ProcessEnv): string | undefined {
  const onPath = (environment.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
  return [environment.TIDEMARK_CHROMIUM, ...onPath, ...applications].find(
    (path) => path !== undefined && path !== '' && existsSync(path),
  )
}
