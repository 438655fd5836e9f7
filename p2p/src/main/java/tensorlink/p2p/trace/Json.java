package tensorlink.p2p.trace;

import java.util.Map;

/** One line of JSON: text, numbers, truth values, and objects of these. */
final class Json {
    private static final int TEXT_LENGTH_MAX = 1024;

    private Json() {}

    static String line(Map<String, ?> members) {
        var line = new StringBuilder();
        object(line, members);
        return line.append('\n').toString();
    }

    private static void object(StringBuilder line, Map<?, ?> members) {
        line.append('{');
        for (var member : members.entrySet()) {
            if (line.charAt(line.length() - 1) != '{') {
                line.append(',');
            }
            text(line, member.getKey().toString());
            line.append(':');
            value(line, member.getValue());
        }
        line.append('}');
    }

    private static void value(StringBuilder line, Object value) {
        switch (value) {
            case Map<?, ?> members -> object(line, members);
            case Number number -> line.append(number);
            case Boolean truth -> line.append(truth);
            default -> text(line, value.toString());
        }
    }

    private static void text(StringBuilder line, String text) {
        line.append('"');
        int length = Math.min(text.length(), TEXT_LENGTH_MAX);
        for (int i = 0; i < length; i++) {
            char next = text.charAt(i);
            switch (next) {
                case '"', '\\' -> line.append('\\').append(next);
                default -> {
                    if (next < ' ' || Character.isSurrogate(next) || next > '~') {
                        line.append(String.format("\\u%04x", (int) next));
                    } else {
                        line.append(next);
                    }
                }
            }
        }
        line.append('"');
    }
}
