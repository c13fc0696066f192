import type { Api } from './api.ts'
export function serveFeed(_api: Api): void {}
