package io.pipertd.client.programs;

import io.pipertd.v1.Target;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads PIPELINE[/FLOW[/ROUTINE]]. */
final class Targets implements ITypeConverter<Target> {
    @Override
    public Target convert(String text) {
        var parts = text.split("/", -1);
        if (parts.length > 3 || text.isEmpty()) {
            throw new TypeConversionException("'%s' is not PIPELINE[/FLOW[/ROUTINE]]".formatted(text));
        }
        var target = Target.newBuilder().setPipeline(parts[0]);
        if (parts.length > 1) {
            target.setFlow(parts[1]);
        }
        if (parts.length > 2) {
            target.setRoutine(parts[2]);
        }
        return target.build();
    }
}
