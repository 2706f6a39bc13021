/** Where the suite writes what its tests came to: a list of `{ name, error? }`. */
export const resultsFile = 'host-results.json';

/** The same for the tests after the window went away and came back. */
export const resultsAfterRestart = 'host-results-after-restart.json';
