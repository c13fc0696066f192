/** Types of sources that no connector syncs: statement files, and what is entered by hand. */
export const ownSourceTypes: readonly string[] = ['file', 'manual']
