package tensorlink.p2p.portmap;

import java.util.LinkedHashMap;
import java.util.Map;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * What a service of UPnP answers when an action is asked of it (UPnP Device Architecture 2.0,
 * section 3).
 */
sealed interface Soap {
    int VALUES_MAX = 16;
    int VALUE_CHARS_MAX = 256;

    /**
     * It was done.
     *
     * @param values by their names
     */
    record Done(Map<String, String> values) implements Soap {
        public Done {
            values = Map.copyOf(values);
        }

        String value(String name) {
            return values.getOrDefault(name, "");
        }
    }

    /** It was not. */
    record Fault(int code) implements Soap {}

    /** Asks for {@code action} of a service; {@code arguments} stay in their order. */
    static String request(String serviceType, String action, Map<String, String> arguments) {
        var body = new StringBuilder();
        arguments.forEach((name, value) ->
                body.append('<')
                        .append(name)
                        .append('>')
                        .append(escaped(value))
                        .append("</")
                        .append(name)
                        .append('>'));
        return """
        <?xml version="1.0"?>
        <s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" \
        s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">\
        <s:Body><u:%1$s xmlns:u="%2$s">%3$s</u:%1$s></s:Body></s:Envelope>
        """
                .formatted(action, serviceType, body);
    }

    private static String escaped(String value) {
        return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    /**
     * Reads the answer to {@code action}.
     *
     * @throws ProtocolViolation when it is none
     */
    static Soap decode(String action, byte[] document) throws ProtocolViolation {
        var root = RouterXml.parse("answer", document);
        var response = RouterXml.first(root, action + "Response");
        if (response.isPresent()) {
            return new Done(values(response.get()));
        }
        var code = RouterXml.text(root, "errorCode");
        if (!code.matches("[0-9]{1,4}")) {
            throw new ProtocolViolation("upnp: neither an answer to " + action + " nor a fault");
        }
        return new Fault(Integer.parseInt(code));
    }

    private static Map<String, String> values(Element response) throws ProtocolViolation {
        var values = new LinkedHashMap<String, String>();
        for (Node at = response.getFirstChild(); at != null; at = at.getNextSibling()) {
            if (at instanceof Element element) {
                var text = element.getTextContent().strip();
                if (text.length() > VALUE_CHARS_MAX || values.size() == VALUES_MAX) {
                    throw new ProtocolViolation(
                            "upnp: answer of more than %d values of at most %d characters"
                                    .formatted(VALUES_MAX, VALUE_CHARS_MAX));
                }
                values.put(element.getLocalName(), text);
            }
        }
        return values;
    }
}
