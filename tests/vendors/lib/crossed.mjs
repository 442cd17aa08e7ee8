// No event may be taken for a handshake: it would be answered, and lost.

/** The methods of events: a request of another method brings none. */
const EVENTS = ["POST", "PUT", "PATCH"];

/**
 * Adds a case for each event and handshake of a suite: the event, with all that the handshake has put beside what
 * makes it an event. `send(text)` is a genuine request, `accept(text)` what is expected of it.
 */
export function crossed(suite, bodies, send, accept, options = {}) {
  const handshakes = suite.cases.filter(({ name, request, expect, source }) => name.startsWith("handshake: ") && expect.outcome !== "reject" && !source && EVENTS.includes(request.method));
  for (const { name, request: handshake } of handshakes) {
    for (const [label, event] of Object.entries(bodies)) {
      const text = beside(event, handshake.body.toString());
      const request = send(text);
      const known = new Set(request.headers.map(([header]) => header.toLowerCase()));
      request.headers.push(...handshake.headers.filter(([header]) => !known.has(header.toLowerCase())));
      const query = handshake.path.split("?")[1];
      if (query && !request.path.includes("?")) request.path += `?${query}`;
      suite.add(`event: ${label}, with all of "${name}" beside it`, request, accept(text), "what makes it an event decides", options);
    }
  }
}

/** Adds an event of every kind that the vendor's own library knows; `write(kind)` is its body. */
export function kinds(suite, library, known, write, send, accept) {
  if (known.length === 0) throw new Error(`${suite.name}: ${library} knows no events`);
  for (const kind of known) suite.add(`event: ${kind}`, send(write(kind)), accept(write(kind)), `${library} knows it as an event`);
}

/** The text of a JSON body with the members of another one that it does not have itself. */
function beside(text, other) {
  try {
    return JSON.stringify(merged(JSON.parse(text), JSON.parse(other)));
  } catch {
    return text;
  }
}

function merged(own, other) {
  if (Array.isArray(own) && Array.isArray(other)) return own.map((value, at) => (at in other ? merged(value, other[at]) : value));
  if (!isObject(own) || !isObject(other)) return own;
  const all = { ...own };
  for (const [key, value] of Object.entries(other)) all[key] = key in own ? merged(own[key], value) : value;
  return all;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
