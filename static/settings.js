// What the page remembers between visits. Storage may be blocked: then it forgets, and works.

/**
 * @param {string} key
 * @param {string} fallback What an unset key, or blocked storage, reads as.
 */
export function recall(key, fallback) {
  try {
    return localStorage.getItem(`kodama.${key}`) ?? fallback;
  } catch {
    return fallback;
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(`kodama.${key}`, value);
  } catch {
    // Nothing to do: the choice holds until the page is left.
  }
}
