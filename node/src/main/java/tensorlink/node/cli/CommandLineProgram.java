package tensorlink.node.cli;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;
import tensorlink.ledger.Amount;
import tensorlink.node.Version;
import tensorlink.node.config.Spelling;
import tools.jackson.databind.json.JsonMapper;

/** Reads the arguments, runs the verb, and turns what went wrong into a message and a status. */
@Command(
        name = "tensorlink",
        description = "Trains and serves models on machines that people pool.",
        mixinStandardHelpOptions = true,
        versionProvider = CommandLineProgram.VersionText.class,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "Exit status:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  tensorlink demo               watch a network on this machine train a model",
            "  tensorlink up --role worker   lend this machine to the network \"local\"",
            "  tensorlink up --private team  found a private network and invite others",
        })
public final class CommandLineProgram implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Pattern DURATION = Pattern.compile("(\\d{1,6})([mhd])");

    private CommandLineProgram() {}

    /**
     * Runs the program.
     *
     * @return the exit status, see {@link ExitCode}
     */
    public static int run(String... arguments) {
        try (var stop = StopSignal.to(Thread.currentThread())) {
            var line = line();
            line.setExecutionExceptionHandler((failure, command, parsed) ->
                    report(
                            stop.isGiven() ? Failure.cancelled() : Failure.of(failure),
                            wantsJson(command)));
            line.setParameterExceptionHandler(
                    (wrong, all) -> report(failure(wrong), wantsJson(List.of(all))));
            int status = line.execute(arguments);
            stop.done(status);
            return status;
        }
    }

    /** The program's grammar: every verb with its flags. */
    static CommandLine line() {
        var line = new CommandLine(new CommandLineProgram());
        line.addSubcommand(new Up());
        line.addSubcommand(new Train());
        line.addSubcommand(new Run());
        line.addSubcommand(new ModelCommand());
        line.addSubcommand(new RuntimeCommand());
        line.addSubcommand(new Status());
        line.addSubcommand(new DoctorCommand());
        line.addSubcommand(new Id());
        line.addSubcommand(new IdentityCommand());
        line.addSubcommand(new NetworkCommand());
        line.addSubcommand(new WalletCommand());
        line.addSubcommand(new RewardsCommand());
        line.addSubcommand(new JobsCommand());
        line.addSubcommand(new ValidatorCommand());
        line.addSubcommand(new Peers());
        line.addSubcommand(new PingCommand());
        for (var extension : ServiceLoader.load(Subcommands.class)) {
            extension.commands().forEach(line::addSubcommand);
        }
        line.addSubcommand(new VersionCommand());
        line.getCommandSpec().usageMessage().exitCodeList(ExitCode.meanings());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        line.registerConverter(Amount.class, CommandLineProgram::amount);
        line.registerConverter(Duration.class, CommandLineProgram::duration);
        return line;
    }

    @Override
    public Integer call() {
        CommandLine.usage(line(), System.out);
        return ExitCode.DONE.status();
    }

    private static Amount amount(String text) {
        try {
            return Amount.parse(text);
        } catch (IllegalArgumentException | ArithmeticException wrong) {
            throw new TypeConversionException(
                    "'" + text + "' is not a whole number of credits, 0 or more");
        }
    }

    private static Duration duration(String text) {
        var matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("'" + text + "' is no time such as 30m, 12h or 7d");
        }
        long count = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> Duration.ofDays(count);
        };
    }

    private static Failure failure(ParameterException wrong) {
        var command = wrong.getCommandLine();
        var message =
                wrong instanceof UnmatchedArgumentException unmatched
                        ? unmatched(unmatched)
                        : String.valueOf(wrong.getMessage());
        return new Failure(
                "TL-CFG-001",
                message + "\n  try: " + command.getCommandSpec().qualifiedName() + " --help",
                ExitCode.USAGE);
    }

    private static String unmatched(UnmatchedArgumentException wrong) {
        var spec = wrong.getCommandLine().getCommandSpec();
        var word = wrong.getUnmatched().getFirst().replaceFirst("^(-[^=]*)=.*", "$1");
        Optional<String> meant;
        String kind;
        if (word.startsWith("-")) {
            kind = "option";
            meant = Spelling.nearest(word, spec.optionsMap().keySet());
        } else if (spec.subcommands().isEmpty()) {
            kind = "argument";
            meant = Optional.empty();
        } else {
            kind = "command";
            meant = Spelling.nearest(word, spec.subcommands().keySet());
        }
        return "unknown "
                + kind
                + " '"
                + word
                + "'"
                + meant.map(name -> "; did you mean '" + name + "'?").orElse("");
    }

    private static boolean wantsJson(CommandLine command) {
        var option = command.getCommandSpec().findOption("-o");
        return option != null && option.getValue() == Output.Form.json;
    }

    /** The same of arguments that make no sense as a whole. */
    private static boolean wantsJson(List<String> arguments) {
        for (int i = 0; i < arguments.size(); i++) {
            var argument = arguments.get(i);
            if (argument.matches("(?i)(-o=?|--output=)json")) {
                return true;
            }
            if ((argument.equals("-o") || argument.equals("--output"))
                    && i + 1 < arguments.size()
                    && arguments.get(i + 1).equalsIgnoreCase("json")) {
                return true;
            }
        }
        return false;
    }

    private static int report(Failure failure, boolean json) {
        if (json) {
            var error = new LinkedHashMap<String, String>();
            error.put("code", failure.code());
            error.put("message", failure.message());
            System.out.println(JSON.writeValueAsString(Map.of("error", error)));
        } else {
            System.err.println("error " + failure.code() + ": " + failure.message());
        }
        return failure.exit().status();
    }

    /** The version, as {@code --version} prints it. */
    static final class VersionText implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"tensorlink " + Version.TEXT};
        }
    }
}
