package tensorlink.jobs.data;

import java.io.IOException;

/** A file of examples is malformed, or larger than its limit. Nothing was kept of it. */
public final class DataFormatException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * @param source the file, or the file and the line in it
     * @param reason what was expected and what was found
     */
    public DataFormatException(String source, String reason) {
        super(source + ": " + reason);
    }
}
