package tensorlink.node.cli;

import java.util.LinkedHashMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tensorlink.node.Version;

/** Prints which build this is, and on what it runs. */
@Command(
        name = "version",
        description = "Print which build this is, and on what it runs.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink version -o json")
final class VersionCommand implements Callable<Integer> {
    @Mixin private Output output = new Output();

    @Override
    public Integer call() {
        var facts = new LinkedHashMap<String, String>();
        facts.put("version", Version.TEXT);
        facts.put("java", Runtime.version().toString());
        facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        output.say(
                "tensorlink "
                        + Version.TEXT
                        + ", Java "
                        + facts.get("java")
                        + ", "
                        + facts.get("os"));
        output.tell(facts);
        return ExitCode.DONE.status();
    }
}
