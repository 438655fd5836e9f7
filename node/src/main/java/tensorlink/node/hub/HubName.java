package tensorlink.node.hub;

import java.util.regex.Pattern;

/**
 * What a model is called on a hub.
 *
 * @param revision a branch, a tag or a commit
 */
public record HubName(String owner, String name, String revision) {
    private static final String PREFIX = "hf:";
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,95}");

    public HubName {
        require("owner", owner);
        require("name", name);
        require("revision", revision);
    }

    private static void require(String what, String value) {
        if (!PART.matcher(value).matches() || value.contains("..")) {
            throw new IllegalArgumentException(
                    what
                            + " \""
                            + value.replaceAll("[^ -~]", "?")
                            + "\": must be 1 to 96 letters, digits, '.', '_' and '-'");
        }
    }

    /** Whether {@code said} means a model on a hub. */
    public static boolean isMeant(String said) {
        return said.startsWith(PREFIX);
    }

    /**
     * Reads {@code hf:OWNER/NAME}, at its branch {@code main}, or {@code hf:OWNER/NAME@REVISION}.
     */
    public static HubName parse(String said) {
        int at = said.indexOf('@');
        var path = said.substring(PREFIX.length(), at < 0 ? said.length() : at).split("/", -1);
        if (!isMeant(said) || path.length != 2) {
            throw new IllegalArgumentException("must be hf:OWNER/NAME or hf:OWNER/NAME@REVISION");
        }
        return new HubName(path[0], path[1], at < 0 ? "main" : said.substring(at + 1));
    }

    @Override
    public String toString() {
        return owner + "/" + name;
    }
}
