package tensorlink.node.config;

import java.util.List;

/** The configuration cannot be used; every fault found is named, with its place. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<String> faults;

    public ConfigException(List<String> faults) {
        super(String.join("\n", faults));
        this.faults = List.copyOf(faults);
    }

    public ConfigException(String fault) {
        this(List.of(fault));
    }

    public List<String> faults() {
        return faults;
    }
}
