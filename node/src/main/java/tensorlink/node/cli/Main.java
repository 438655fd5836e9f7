package tensorlink.node.cli;

/** The program; see {@code tensorlink --help}. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(CommandLineProgram.run(arguments));
    }
}
