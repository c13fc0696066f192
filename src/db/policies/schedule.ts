/** Every so many minutes, or every day at a time in UTC. */
export type Schedule = { everyMinutes: number } | { at: string }

/** The first moment behind `after` at which a policy is due. */
export function nextRun(schedule: Schedule, after: Date): Date {
  if ('everyMinutes' in schedule) return new Date(after.getTime() + schedule.everyMinutes * 60_000)
  const today = new Date(`${after.toISOString().slice(0, 10)}T${schedule.at}:00Z`)
  return today > after ? today : new Date(today.getTime() + 86_400_000)
}

export function describeSchedule(schedule: Schedule): string {
  if ('at' in schedule) return `daily at ${schedule.at} UTC`
  return schedule.everyMinutes === 1 ? 'every minute' : `every ${schedule.everyMinutes} minutes`
}
