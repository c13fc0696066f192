import { RefusedError } from '../../errors.ts'

export type Value = number | string | null

/** One value of a policy, as `tidemark policies set` takes it. */
export interface Setting<V extends Value = Value> {
  about: string
  default: V
  /** Throws a RefusedError that says what is taken. */
  read(text: string): V
}

interface Bounds {
  about: string
  lowest: number
  highest: number
}

export function wholeNumber({
  about,
  lowest,
  highest,
  ...rest
}: Bounds & { default: number }): Setting<number> {
  return { about, default: rest.default, read: (text) => readWhole(text, lowest, highest, '') }
}

/** Null is off, which is also the default. */
export function wholeNumberOrOff({ about, lowest, highest }: Bounds): Setting<number | null> {
  return {
    about,
    default: null,
    read: (text) => (text === 'off' ? null : readWhole(text, lowest, highest, ', or off')),
  }
}

/** In UTC, as HH:MM. */
export function timeOfDay({ about, ...rest }: { about: string; default: string }): Setting<string> {
  return {
    about,
    default: rest.default,
    read(text) {
      if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(text))
        throw new RefusedError('must be a time of the day in UTC from 00:00 to 23:59, as HH:MM')
      return text
    },
  }
}

function readWhole(text: string, lowest: number, highest: number, or: string): number {
  const value = Number(text)
  if (!/^\d{1,9}$/.test(text) || value < lowest || value > highest)
    throw new RefusedError(`must be a whole number from ${lowest} to ${highest}${or}`)
  return value
}
