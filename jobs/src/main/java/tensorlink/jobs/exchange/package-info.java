/** Questions and answers between two nodes on the job protocol: who asks, and who answers which. */
@NullMarked
package tensorlink.jobs.exchange;

import org.jspecify.annotations.NullMarked;
