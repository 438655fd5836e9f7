package tensorlink.node.cli;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.jobs.job.JobException;
import tensorlink.node.Version;
import tensorlink.node.config.ConfigException;
import tools.jackson.databind.json.JsonMapper;

/** Reads the arguments, runs the verb, and turns what went wrong into a message and a status. */
@Command(
        name = "tensorlink",
        description = "Trains and serves models on machines that people pool.",
        mixinStandardHelpOptions = true,
        versionProvider = CommandLineProgram.VersionText.class,
        synopsisSubcommandLabel = "COMMAND")
public final class CommandLineProgram implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();

    private CommandLineProgram() {}

    /**
     * Runs the program.
     *
     * @return the exit status, see {@link ExitCode}
     */
    public static int run(String... arguments) {
        var line = new CommandLine(new CommandLineProgram());
        line.addSubcommand(new Up());
        line.addSubcommand(new Train());
        line.addSubcommand(new Run());
        line.addSubcommand(new Status());
        line.addSubcommand(new Id());
        for (var extension : ServiceLoader.load(Subcommands.class)) {
            extension.commands().forEach(line::addSubcommand);
        }
        line.addSubcommand(new VersionCommand());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        line.setExecutionExceptionHandler(
                (failure, command, parsed) -> report(failure, command).status());
        return line.execute(arguments);
    }

    @Override
    public Integer call() {
        CommandLine.usage(this, System.out);
        return ExitCode.DONE.status();
    }

    private static ExitCode report(Exception failure, CommandLine command) {
        boolean json = wantsJson(command);
        return switch (failure) {
            case JobException job -> {
                var problem = job.problem();
                print(
                        json,
                        problem.code().text(),
                        problem.what()
                                + "\n  "
                                + problem.why()
                                + (problem.now().isEmpty() ? "" : "\n  try: " + problem.now()));
                yield ExitCode.of(problem.code());
            }
            case ConfigException config -> {
                print(json, "TL-CFG-002", String.join("\n", config.faults()));
                yield ExitCode.USAGE;
            }
            case ModelFormatException model -> {
                print(json, "TL-MOD-001", String.valueOf(model.getMessage()));
                yield ExitCode.DATA;
            }
            case UsageException usage -> {
                print(json, "TL-CFG-001", String.valueOf(usage.getMessage()));
                yield ExitCode.USAGE;
            }
            case NotRunningException absent -> {
                print(json, "TL-NOD-001", String.valueOf(absent.getMessage()));
                yield ExitCode.NOT_RUNNING;
            }
            case IOException io -> {
                print(json, "TL-IO-001", io.getClass().getSimpleName() + ": " + io.getMessage());
                yield ExitCode.NO_NETWORK;
            }
            case InterruptedException interrupted -> {
                print(json, "TL-INT-001", "interrupted");
                yield ExitCode.TIMEOUT;
            }
            default -> {
                LoggerFactory.getLogger(CommandLineProgram.class).error("internal error", failure);
                print(
                        json,
                        "TL-BUG-001",
                        "internal error: " + failure + "\n  please report it with the log above");
                yield ExitCode.INTERNAL;
            }
        };
    }

    private static boolean wantsJson(CommandLine command) {
        var option = command.getCommandSpec().findOption("-o");
        return option != null && option.getValue() == Output.Form.json;
    }

    private static void print(boolean json, String code, String message) {
        if (json) {
            var error = new LinkedHashMap<String, String>();
            error.put("code", code);
            error.put("message", message);
            System.out.println(JSON.writeValueAsString(Map.of("error", error)));
        } else {
            System.err.println("error " + code + ": " + message);
        }
    }

    /** The version, as {@code --version} prints it. */
    static final class VersionText implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"tensorlink " + Version.TEXT};
        }
    }
}
