/** So many faults of a kind: 20 are the whole battery, one or two a short form of it. */
export const rounds = Number(process.env.TIDEMARK_FAULT_ROUNDS ?? 20)

/** What all choices are drawn from; docs/faults.md says which they are. */
export const seed = Number(process.env.TIDEMARK_FAULT_SEED ?? Date.now() % 1_000_000_000)

/** Less than the whole battery: what takes a minute for one fault is left out. */
export const isShort = rounds < 20
