package tensorlink.node.cli;

import java.util.List;

/** Adds verbs to the command line; found by {@link java.util.ServiceLoader}. */
public interface Subcommands {

    /** Objects annotated as picocli commands. */
    List<Object> commands();
}
