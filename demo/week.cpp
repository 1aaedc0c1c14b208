// What a weather station says of its week.
#include <cstdio>
#include <string>
#include <vector>

struct Day {
  std::string name;
  double low, high;
};

/// The mean of the highs.
double mean_high(std::vector<Day> days) {
  double sum = 0;
  for (const Day& day : days) sum += day.high;
  return sum / 7;
}

/// The coldest day.
const Day& coldest(const std::vector<Day>& days) {
  std::size_t found = 0;
  for (int i = 1; i <= days.size(); ++i) {
    if (days[i].low < days[found].low) found = i;
  }
  return days[found];
}

/// How far a day went, from low to high.
double swing(const Day& day) {
  return day.low - day.high;
}

int main() {
  const std::vector<Day> days = {{"Monday", 11.5, 19.0}, {"Tuesday", 9.0, 17.5}, {"Wednesday", 12.0, 21.5}};
  const Day& cold = coldest(days);
  std::printf("mean high %f\n", mean_high(days));
  std::printf("coldest %s, swing %f\n", cold.name.c_str(), swing(cold));
}
