// Who the page says it is, to channels: a token, kept for this tab and never in its address.

const key = "kodama.token";

/**
 * @param {(id: string) => HTMLElement} element
 * @param {() => void} on Another was typed.
 */
export function createToken(element, on) {
  const field = element("token");
  const line = element("token-line");
  let token = "";

  function keep(next) {
    token = next;
    try {
      sessionStorage.setItem(key, token);
    } catch {
      // Storage may be blocked: then it holds until the page is left.
    }
  }

  try {
    token = sessionStorage.getItem(key) ?? "";
  } catch {
    // As above.
  }
  // One that came with the address goes no further: neither history nor bookmarks keep it.
  const url = new URL(location);
  const given = url.searchParams.get("token");
  if (given !== null) {
    keep(given);
    url.searchParams.delete("token");
    history.replaceState(null, "", url);
  }
  field.value = token;
  line.hidden = token === "";

  field.addEventListener("input", () => {
    keep(field.value.trim());
    on();
  });

  return {
    get value() {
      return token;
    },
    /** Somebody was refused who may need one. */
    ask() {
      line.hidden = false;
    },
  };
}
