import { parseArgs } from 'node:util'
import type { Engine } from '../src/db/engine.ts'

export const schedulerAreas = ['syncs', 'memory', 'claims', 'budget', 'freshness'] as const
export const areas = [
  'ingest',
  'csv',
  'late-rows',
  'series',
  'storage',
  'http',
  'maintenance',
  'dashboard',
  ...schedulerAreas,
] as const
/** Those beside a population of each size, which are set beside each other. */
export const populationAreas: readonly Area[] = [
  'storage',
  'series',
  'http',
  'maintenance',
  'ingest',
  'syncs',
]
export type Area = (typeof areas)[number]

export interface Options {
  /** Stored rows of each population. */
  rows: number[]
  /** Registered sources, of the scheduler's areas. */
  sources: number
  engine: Engine | 'all'
  only: Area[]
}

export const usage = `npm run bench -- [--rows 1e6[,2e7]] [--sources 1e6] [--engine plain|timescale|all] [--only ${areas.join('|')}[,…]]`

/** Throws where an option is not one of these. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: 'string', default: '1e6' },
      sources: { type: 'string', default: '1e6' },
      engine: { type: 'string', default: 'all' },
      only: { type: 'string', default: areas.join(',') },
    },
  })
  const rows = values.rows.split(',').map(Number)
  if (rows.some((each) => !Number.isSafeInteger(each) || each < 200_000)) {
    throw new RangeError(`--rows takes whole numbers of at least 2e5, not ${values.rows}`)
  }
  const sources = Number(values.sources)
  if (!Number.isSafeInteger(sources) || sources < 400_000) {
    throw new RangeError(`--sources takes a whole number of at least 4e5, not ${values.sources}`)
  }
  const engine = (['plain', 'timescale', 'all'] as const).find((each) => each === values.engine)
  if (engine === undefined) throw new RangeError(`--engine is plain, timescale or all, not ${values.engine}`)
  const named = values.only.split(',')
  const unknown = named.find((each) => !(areas as readonly string[]).includes(each))
  if (unknown !== undefined) throw new RangeError(`--only takes ${areas.join(', ')}, not ${unknown}`)
  return { rows, sources, engine, only: areas.filter((each) => named.includes(each)) }
}
