package tensorlink.compute;

import java.io.IOException;

/** A device cannot be computed on; nothing else is used in its place. */
public final class DeviceException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * @param asked what was asked for, for people
     */
    public DeviceException(String asked, String why) {
        super("cannot compute on " + asked + ": " + why);
    }

    public DeviceException(String asked, String why, Throwable cause) {
        super("cannot compute on " + asked + ": " + why, cause);
    }
}
