package tensorlink.jobs.job;

import java.util.regex.Pattern;

/**
 * Where anybody finds a model's files: a repository of a hub of models, as it was at a commit. The
 * hub is whichever the reader trusts.
 *
 * @param owner 1 to 96 letters, digits, '.', '_' and '-'
 * @param name likewise
 * @param commit 40 hexadecimal digits
 */
public record Publication(String owner, String name, String commit) {
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,95}");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    public Publication {
        require("owner", owner, PART);
        require("name", name, PART);
        require("commit", commit, COMMIT);
    }

    private static void require(String what, String value, Pattern form) {
        if (!form.matcher(value).matches() || value.contains("..")) {
            throw new IllegalArgumentException(
                    "publication: "
                            + what
                            + " of "
                            + value.length()
                            + " characters, expected "
                            + form.pattern());
        }
    }

    @Override
    public String toString() {
        return owner + "/" + name + "@" + commit;
    }
}
