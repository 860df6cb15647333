package io.pipertd.client.programs;

import java.util.Arrays;

/** Of log records, as Python numbers them. */
enum Level {
    DEBUG(10),
    INFO(20),
    WARNING(30),
    ERROR(40),
    CRITICAL(50);

    private final int number;

    Level(int number) {
        this.number = number;
    }

    /** For a request, in which 0 means all: there are records below DEBUG too. */
    int lowest() {
        return this == DEBUG ? 0 : number;
    }

    static String show(int number) {
        return Arrays.stream(values())
                .filter(level -> level.number == number)
                .findFirst()
                .map(Level::name)
                .orElse("Level " + number);
    }
}
