/**
 * Runs of a property: those that tell most faults, or, with TIDEMARK_THOROUGH=1 as CI sets it, `thorough` of them. A
 * number in the environment under `name` is taken instead of both.
 */
export function propertyRuns(usual: number, thorough: number, name = 'TIDEMARK_PROPERTY_RUNS'): number {
  return Number(process.env[name] ?? (isThorough() ? thorough : usual))
}

export function isThorough(): boolean {
  return process.env.TIDEMARK_THOROUGH === '1'
}
