/** Where this server's pages are: below the path that a proxy gave them, or at the host's root. */

/** The path that every address of this server begins with; it ends with a slash. */
const root = document.documentElement.dataset.root ?? '/';

/** An address of this server. @param {string} path the route's own, as `/api/runs` */
export const at = (path) => root + path.slice(1);

/** The path of a cookie that this server's pages share, and no other server's. */
export const cookiePath = root.slice(0, -1) || '/';

/** A key of the browser's storage, which belongs to a host: servers on one host are told apart. @param {string} name */
export const keyOf = (name) => (root === '/' ? name : `${name} ${root}`);
