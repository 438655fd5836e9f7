/**
 * A network for tests: hosts over memory, a real engine and a tiny model, in which any party can be
 * replaced by one that follows the protocol only as far as the test lets it.
 */
@NullMarked
package tensorlink.jobs.lab;

import org.jspecify.annotations.NullMarked;
