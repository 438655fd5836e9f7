/** What every role of a node needs to take part in jobs: its identities, names and clocks. */
@NullMarked
package tensorlink.jobs.party;

import org.jspecify.annotations.NullMarked;
