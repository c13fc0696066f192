import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { NotFoundError, RefusedError } from '../errors.ts'
import { ownSourceTypes } from '../own-source-types.ts'
import type { ConnectorFixture } from './conformance/fixture.ts'
import type { Connector } from './connector.ts'
import { loadOutside } from './load-outside.ts'
import { type Provider, providers } from './registry.ts'

/** The connectors of an installation: the tree's own and those of TIDEMARK_CONNECTORS. */
export interface Connectors {
  /** In alphabetical order. */
  ids(): string[]
  /** Throws a NotFoundError that names the known ones. */
  get(id: string): Promise<Connector>
  /** Emulator and examples of the connector. */
  fixture(id: string): Promise<ConnectorFixture>
  /**
   * What the platform configured for the connector; undefined where it takes no settings. Throws a RefusedError
   * that names the fields at fault, never their values.
   */
  settings(id: string): Promise<unknown>
}

export interface ConnectorPlaces {
  /** Absolute folders, or names of packages. */
  places: string[]
  /** Absolute path of a JSON file: by connector id, its settings. */
  settingsFile?: string | undefined
}

/** Loads what lies outside the tree at once; the tree's own are loaded when they are asked for. */
export async function loadConnectors({ places, settingsFile }: ConnectorPlaces): Promise<Connectors> {
  const all = new Map<string, Provider>(Object.entries(providers))
  const folders = new Map<string, string>()
  for (const outside of await loadOutside(places)) {
    if (ownSourceTypes.includes(outside.id))
      throw new RefusedError(
        `${outside.folder}: "${outside.id}" is the name of sources that Tidemark makes itself`,
      )
    const other = folders.get(outside.id)
    if (all.has(outside.id))
      throw new RefusedError(
        `${outside.folder}: its connector has the id "${outside.id}", as ${other === undefined ? 'one of Tidemark’s own' : `that of ${other}`} has`,
      )
    all.set(outside.id, outside)
    folders.set(outside.id, outside.folder)
  }
  const configured = settingsFile === undefined ? {} : await readSettings(settingsFile)
  const loaded = new Map<string, Promise<Connector>>()

  const ids = () => [...all.keys()].toSorted()
  const providerOf = (id: string): Provider => {
    const found = all.get(id)
    if (found) return found
    throw new NotFoundError(`there is no connector "${id}"; there are ${ids().join(', ')}`)
  }
  const get = async (id: string): Promise<Connector> => {
    const known = loaded.get(id) ?? providerOf(id).connector()
    loaded.set(id, known)
    return known
  }

  return {
    ids,
    get,
    fixture: async (id) => providerOf(id).fixture(),
    async settings(id) {
      const { settings } = await get(id)
      if (!settings) return undefined
      const parsed = settings.safeParse(configured[id] ?? {})
      if (parsed.success) return parsed.data
      const where =
        settingsFile === undefined
          ? 'name a JSON file that has them in TIDEMARK_CONNECTOR_SETTINGS'
          : `mend "${id}" in ${settingsFile}`
      throw new RefusedError(
        `the connector ${id} needs settings, ${where}: ${parsed.error.issues.map(faultOf).join('; ')}`,
      )
    },
  }
}

async function readSettings(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new RefusedError(`${file}: the settings of the connectors cannot be read`, { cause: error })
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's message quotes the text, which holds secrets.
    throw new RefusedError(`${file}: the settings of the connectors are not JSON`)
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new RefusedError(`${file}: must be a JSON object with the settings of each connector by its id`)
  return value as Record<string, unknown>
}

function faultOf({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`
}
