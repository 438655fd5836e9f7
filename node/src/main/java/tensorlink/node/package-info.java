/** The program: assembly, configuration, command line and the embedding API. */
@NullMarked
package tensorlink.node;

import org.jspecify.annotations.NullMarked;
