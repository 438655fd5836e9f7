/** Capability, placement, recruiting, pipelines and training runs. */
@NullMarked
package tensorlink.jobs;

import org.jspecify.annotations.NullMarked;
