package tensorlink.node.cli;

import java.io.Console;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Where a passphrase comes from: a file, a variable, or a person at a terminal; never the command
 * line, which everybody on the machine can read.
 */
final class Passphrase {
    static final String VARIABLE = "TENSORLINK_IDENTITY_PASSPHRASE";

    private static final int BYTES_MAX = 1_024;

    @Option(
            names = "--passphrase-file",
            paramLabel = "FILE",
            description =
                    "file with the passphrase on its first line; else the variable "
                            + VARIABLE
                            + ", else a prompt")
    private @Nullable Path file;

    /**
     * The passphrase, for the caller to wipe.
     *
     * @param isNew whether a person types it twice
     * @throws UsageException when there is none, it is empty or too long
     */
    char[] read(boolean isNew) throws IOException {
        return read(isNew, System.getenv(), System.console());
    }

    char[] read(boolean isNew, Map<String, String> environment, @Nullable Console console)
            throws IOException {
        if (file != null) {
            return inFile(file);
        }
        var variable = environment.get(VARIABLE);
        if (variable != null) {
            return checked(variable.toCharArray(), VARIABLE);
        }
        return typed(isNew, console, "--passphrase-file FILE, or the variable " + VARIABLE);
    }

    /** What is on a file's first line. */
    static char[] inFile(Path file) throws IOException {
        return checked(firstLine(file), file.toString());
    }

    /**
     * What a person types.
     *
     * @param elsewise where else it can come from, for whoever has no terminal
     */
    static char[] typed(boolean isNew, @Nullable Console console, String elsewise) {
        if (console == null || !console.isTerminal()) {
            throw new UsageException(
                    "a passphrase is needed and there is no terminal to ask at\n  try: "
                            + elsewise);
        }
        var first = console.readPassword("Passphrase: ");
        if (first == null) {
            throw new UsageException("no passphrase was typed");
        }
        if (isNew) {
            var second = console.readPassword("Once more: ");
            boolean same = second != null && Arrays.equals(first, second);
            if (second != null) {
                Arrays.fill(second, ' ');
            }
            if (!same) {
                Arrays.fill(first, ' ');
                throw new UsageException("the two passphrases differ");
            }
        }
        return checked(first, "what was typed");
    }

    private static char[] firstLine(Path file) throws IOException {
        byte[] bytes;
        try (var in = Files.newInputStream(file)) {
            bytes = in.readNBytes(BYTES_MAX + 1);
        }
        if (bytes.length > BYTES_MAX) {
            throw new UsageException(file + " has more than " + BYTES_MAX + " bytes");
        }
        int end = 0;
        while (end < bytes.length && bytes[end] != '\n' && bytes[end] != '\r') {
            end++;
        }
        try {
            CharBuffer text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, end));
            var characters = new char[text.remaining()];
            text.get(characters);
            return characters;
        } catch (CharacterCodingException binary) {
            throw new UsageException(file + " is not text in UTF-8");
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private static char[] checked(char[] passphrase, String source) {
        if (passphrase.length == 0) {
            throw new UsageException("the passphrase in " + source + " is empty");
        }
        return passphrase;
    }
}
