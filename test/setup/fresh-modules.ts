import { vi } from 'vitest'

/**
 * Test files follow each other in one process, which has loaded the libraries by then: each file gets the project's own
 * modules anew, with nothing in them of the file before.
 */
vi.resetModules()
