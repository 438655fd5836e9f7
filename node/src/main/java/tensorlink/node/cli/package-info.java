/**
 * The command line: one class per verb, each a thin shell over the embedding API.
 *
 * <p>Starts at {@link tensorlink.node.cli.CommandLineProgram}. Verbs that need a whole network,
 * such as {@code demo}, come from other modules through {@link tensorlink.node.cli.Subcommands}.
 */
@NullMarked
package tensorlink.node.cli;

import org.jspecify.annotations.NullMarked;
